//! Quantised matrix products for AMX, of texts that are written many at a time (prompts are read by `halves`), over weights in
//! [`Tiles`]: a register of four columns of 16 weight rows is a row of its second operand already.
//!
//! One instruction sums the products of 16 activation rows with a group of 16 weight rows' columns, exactly; what is done with the sums is
//! the plain version's, in its order, as in `vnni`. Few rows ([`WORTHWHILE`]) are left to `vnni`.
//!
//! The instructions are written out, because the compiler's functions for them are not stable yet. Their registers are none that the
//! compiler uses by itself.

#![cfg(target_arch = "x86_64")]

use std::arch::asm;
use std::arch::x86_64::*;
use std::cell::RefCell;
use std::ops::Range;
use std::sync::OnceLock;

use super::blocks::{CHUNK, GROUPS};
use super::lines::{Line, bytes_of_mut};
use super::matmul::{Groups, Quantized, TILE};
use super::pool;
use super::tiles::{Out, Parts, Tiled, Tiles};
use super::vnni::{self, BlockFactors, quad_of};

/// Activation rows of a register.
const ROWS: usize = 16;
/// Activation rows that a call takes at most.
pub(super) const ROWS_AT_ONCE: usize = 128;
/// Tiles that share activations, and registers of sums: two tiles meet two times 16 rows.
pub(super) const TILES: usize = 2;
const REGISTERS: usize = 2 * TILES;
/// Groups that are computed before they are added up: with this many all of it stays in the first-level cache.
const AT_ONCE: usize = 4;
/// As many rows as make it faster than `vnni`.
const WORTHWHILE: usize = 64;

/// Whether this processor has it, for bytes and for numbers of 16 bits, and the system lets this process use it: on Linux it must be asked for.
pub(super) fn allowed() -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        const ALL: u32 = 1 << 22 | 1 << 24 | 1 << 25;
        // Older compilers want it said that every processor here has `cpuid`.
        #[allow(unused_unsafe)]
        // SAFETY: every x86-64 processor has it.
        let has = unsafe { __cpuid(0).eax >= 7 && __cpuid_count(7, 0).edx & ALL == ALL };
        has && permitted()
    })
}

#[cfg(target_os = "linux")]
fn permitted() -> bool {
    /// From the system's `asm/prctl.h`, and the number of the state's component.
    const ARCH_REQ_XCOMP_PERM: libc::c_ulong = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_ulong = 18;
    // SAFETY: this call reads and writes no memory of ours.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}

/// Activations of 16 rows at a time. Rows that are not there are zero.
pub(super) struct Sixteens {
    /// `[rows / 16, columns / 32, 16, 32]`.
    bytes: Vec<Line>,
    groups: usize,
    by_16: Vec<GroupOf16>,
    by_32: Vec<GroupOf16>,
}

/// Of a group of each of 16 rows, what `Groups` has of it.
#[derive(Clone)]
#[repr(C, align(64))]
struct GroupOf16 {
    scales: [f32; ROWS],
    totals: [f32; ROWS],
}

impl GroupOf16 {
    /// One row of some groups, which begin at a place in those of all rows.
    fn fill(all: &mut [Self], row: usize, groups: &Groups, first: usize) {
        let from = groups.scales[first..].iter().zip(&groups.totals[first..]);
        for (to, (scale, total)) in all.iter_mut().zip(from) {
            (to.scales[row], to.totals[row]) = (*scale, *total);
        }
    }
}

impl Sixteens {
    pub fn new(x: &Quantized) -> Self {
        let width = x.bytes.len() / x.rows;
        let groups = width / 32;
        let sixteens = x.rows.div_ceil(ROWS);
        let none = GroupOf16 { scales: [0.0; ROWS], totals: [0.0; ROWS] };
        // 16 rows of 32 bytes are 8 lines.
        let mut bytes = vec![Line::ZERO; sixteens * groups * 8];
        let (mut by_16, mut by_32) =
            (vec![none.clone(); sixteens * groups * 2], vec![none; sixteens * groups]);
        let all =
            bytes.chunks_mut(groups * 8).zip(by_16.chunks_mut(groups * 2)).zip(by_32.chunks_mut(groups));
        let mut all: Vec<_> = all.collect();
        pool::parts(&mut all, 1, |index, sixteen| {
            for ((lines, by_16), by_32) in sixteen {
                let to = bytes_of_mut(lines).as_flattened_mut();
                let rows = x.bytes[index * ROWS * width..].chunks_exact(width).take(ROWS);
                for (row, from) in rows.enumerate() {
                    for (group, from) in from.as_chunks::<32>().0.iter().enumerate() {
                        let to = &mut to[(group * ROWS + row) * 32..][..32];
                        for (to, from) in to.iter_mut().zip(from) {
                            *to = from.cast_unsigned();
                        }
                    }
                    GroupOf16::fill(by_16, row, &x.by_16, (index * ROWS + row) * groups * 2);
                    GroupOf16::fill(by_32, row, &x.by_32, (index * ROWS + row) * groups);
                }
            }
        });
        Self { bytes, groups, by_16, by_32 }
    }

    /// The bytes of 16 rows, as lines of two rows' 32 columns.
    fn bytes(&self, sixteen: usize) -> *const u8 {
        self.bytes[sixteen * self.groups * 8..].as_ptr().cast()
    }

    fn factors<B: Tiled>(&self, sixteen: usize) -> &[GroupOf16] {
        let all = if B::GROUP == 16 { &self.by_16 } else { &self.by_32 };
        let count = self.groups * 32 / B::GROUP;
        &all[sixteen * count..(sixteen + 1) * count]
    }
}

/// The products of one or two neighbouring tiles with some rows of activations, from a multiple of 16 on.
///
/// # Safety
/// `out` has room for every row at the tiles' columns.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub(super) unsafe fn some_tiles<B: Tiled>(
    weights: &Tiles,
    tiles: Range<usize>,
    x: &Quantized,
    rows: Range<usize>,
    out: Out,
    scratch: &mut Scratch,
) {
    let few = if takes(rows.len()) { rows.len() % ROWS } else { rows.len() };
    let (many, few) = (rows.start..rows.end - few, rows.end - few..rows.end);
    if !many.is_empty() {
        // SAFETY: by the caller's word.
        unsafe { sixteens::<B>(weights, tiles.clone(), x.in_sixteens(), many, out, scratch) };
    }
    if !few.is_empty() {
        // SAFETY: by the caller's word; whoever has AMX has AVX-512 with VNNI, which `Isa::detect` asks for.
        unsafe { vnni::some_tiles::<B>(weights, tiles, x, few, out) };
    }
}

/// Whether [`some_tiles`] will need so many rows as [`Sixteens`].
pub(super) fn takes(rows: usize) -> bool {
    rows >= WORTHWHILE
}

/// What a chunk of two tiles' weights and the sums under way need.
#[repr(C, align(64))]
pub(super) struct Scratch {
    chunks: [Chunk; TILES],
    /// Of each register, for some groups.
    sums: [[[[i32; TILE]; ROWS]; REGISTERS]; AT_ONCE],
    totals: [[[[f32; TILE]; ROWS]; TILES]; ROWS_AT_ONCE / ROWS],
}

thread_local! {
    /// Each thread's.
    pub(super) static SCRATCH: RefCell<Box<Scratch>> = RefCell::new(Box::new(Scratch::new()));
}

impl Scratch {
    fn new() -> Self {
        let chunk =
            || Chunk { weights: [Line::ZERO; CHUNK / 4], d: [[0.0; TILE]; GROUPS], m: [[0.0; TILE]; GROUPS] };
        Self {
            chunks: [chunk(), chunk()],
            sums: [[[[0; TILE]; ROWS]; REGISTERS]; AT_ONCE],
            totals: [[[[0.0; TILE]; ROWS]; TILES]; ROWS_AT_ONCE / ROWS],
        }
    }
}

/// A chunk of a tile.
#[repr(C, align(64))]
struct Chunk {
    weights: [Line; CHUNK / 4],
    d: [[f32; TILE]; GROUPS],
    m: [[f32; TILE]; GROUPS],
}

/// # Safety
/// As for [`some_tiles`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn sixteens<B: Tiled>(
    weights: &Tiles,
    tiles: Range<usize>,
    x: &Sixteens,
    rows: Range<usize>,
    out: Out,
    scratch: &mut Scratch,
) {
    let (first, blocks) = (rows.start / ROWS, rows.len().div_ceil(ROWS));
    scratch.totals[..blocks].fill([[[0.0; TILE]; ROWS]; TILES]);
    let config = Config::new(B::GROUP);
    // SAFETY: the configuration is valid; registers are released below.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const config, options(nostack, preserves_flags)) };
    let groups_of_tile = weights.columns / B::GROUP;
    for from in (0..groups_of_tile).step_by(CHUNK / B::GROUP) {
        let groups = (groups_of_tile - from).min(CHUNK / B::GROUP);
        for (chunk, tile) in scratch.chunks.iter_mut().zip(tiles.clone()) {
            // SAFETY: groups of the tile, no more than a chunk has.
            unsafe { unpack::<B>(weights.parts_of::<B>(tile), from, groups, chunk) };
        }
        let chunk = Rest { from, groups, first };
        // SAFETY: groups and rows that there are.
        unsafe {
            for block in (0..blocks).step_by(2) {
                match (tiles.len(), blocks - block) {
                    (1, 1) => chunk.meets::<B, 1, 1>(x, block, scratch),
                    (1, _) => chunk.meets::<B, 1, 2>(x, block, scratch),
                    (_, 1) => chunk.meets::<B, 2, 1>(x, block, scratch),
                    _ => chunk.meets::<B, 2, 2>(x, block, scratch),
                }
            }
        }
    }
    // SAFETY: nothing more is done with the registers.
    unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) };
    for (index, tile) in tiles.enumerate() {
        let width = TILE.min(weights.rows - tile * TILE);
        let mask = (0xffffu32 >> (TILE - width)) as u16;
        for row in 0..rows.len() {
            let total = load(&scratch.totals[row / ROWS][index][row % ROWS]);
            // SAFETY: the mask keeps within the outputs of the row.
            unsafe {
                let to = out.at.add((rows.start + row) * out.outputs + tile * TILE);
                _mm512_mask_storeu_ps(to, mask, total);
            }
        }
    }
}

/// Which groups of which rows: the chunk's first group in its tile, how many it has, and the first sixteen rows.
#[derive(Clone, Copy)]
struct Rest {
    from: usize,
    groups: usize,
    first: usize,
}

impl Rest {
    /// Adds the products of the chunk of `TILES` tiles with `BLOCKS` times 16 rows to their totals.
    ///
    /// The sums of some groups are computed and written to memory, then those of each register are added up, its totals in registers of
    /// AVX-512: instructions of the one kind and the other do not run beside each other anyway.
    ///
    /// # Safety
    /// The chunk is unpacked; there are so many rows; the registers are configured for the type.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
    unsafe fn meets<B: Tiled, const TILES: usize, const BLOCKS: usize>(
        self,
        x: &Sixteens,
        block: usize,
        scratch: &mut Scratch,
    ) {
        for first in (0..self.groups).step_by(AT_ONCE) {
            let some = first..self.groups.min(first + AT_ONCE);
            for group in some.clone() {
                // SAFETY: by the caller's word.
                unsafe { self.begin::<B, TILES, BLOCKS>(group, x, block, scratch) };
            }
            for of_block in 0..BLOCKS {
                for tile in 0..TILES {
                    self.add_up::<B>(some.clone(), x, (block, of_block, tile), scratch);
                }
            }
        }
    }

    /// Computes the sums of a group.
    ///
    /// # Safety
    /// As for [`Rest::meets`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
    unsafe fn begin<B: Tiled, const TILES: usize, const BLOCKS: usize>(
        self,
        group: usize,
        x: &Sixteens,
        block: usize,
        Scratch { chunks, sums, .. }: &mut Scratch,
    ) {
        let at = (self.from + group) * B::GROUP;
        let sums = &mut sums[group % AT_ONCE];
        // SAFETY: the sums are as large as a register; as many bytes of the group lie at each place.
        unsafe {
            let x =
                |of_block: usize| x.bytes(self.first + block + of_block).add(at / 32 * 32 * ROWS + at % 32);
            let weights = |tile: usize| chunks[tile].weights.as_ptr().add(group * B::GROUP / 4).cast();
            product::<0>(x(0), weights(0));
            if TILES == 2 {
                product::<1>(x(0), weights(1));
            }
            if BLOCKS == 2 {
                product::<2>(x(1), weights(0));
            }
            if TILES == 2 && BLOCKS == 2 {
                product::<3>(x(1), weights(1));
            }
            store::<0>(sums[0].as_mut_ptr().cast());
            if TILES == 2 {
                store::<1>(sums[1].as_mut_ptr().cast());
            }
            if BLOCKS == 2 {
                store::<2>(sums[2].as_mut_ptr().cast());
            }
            if TILES == 2 && BLOCKS == 2 {
                store::<3>(sums[3].as_mut_ptr().cast());
            }
        }
    }

    /// Adds the sums of some groups to the totals of 16 rows of a tile.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
    fn add_up<B: Tiled>(
        self,
        groups: Range<usize>,
        x: &Sixteens,
        (block, of_block, tile): (usize, usize, usize),
        Scratch { chunks, sums, totals }: &mut Scratch,
    ) {
        let factors = &x.factors::<B>(self.first + block + of_block)[self.from..];
        let all = &mut totals[block + of_block][tile];
        let mut totals = [_mm512_setzero_ps(); ROWS];
        for (total, from) in totals.iter_mut().zip(&*all) {
            *total = load(from);
        }
        for group in groups {
            let (d, m) = (load(&chunks[tile].d[group]), load(&chunks[tile].m[group]));
            let sums = &sums[group % AT_ONCE][of_block * TILES + tile];
            add_up::<B>(sums, &factors[group], d, m, &mut totals);
        }
        for (total, to) in totals.into_iter().zip(all) {
            put(total, to);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(from: &[f32; TILE]) -> __m512 {
    // SAFETY: as large as a register.
    unsafe { _mm512_loadu_ps(from.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn put(numbers: __m512, to: &mut [f32; TILE]) {
    // SAFETY: as large as a register.
    unsafe { _mm512_storeu_ps(to.as_mut_ptr(), numbers) }
}

/// Weights, scales and minimums of some groups.
///
/// # Safety
/// The tile has as many groups from `from` on, the first of which begins a chunk.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn unpack<B: Tiled>(tile: Parts, from: usize, groups: usize, chunk: &mut Chunk) {
    let groups_of_block = B::LEN / B::GROUP;
    for block in 0..groups / groups_of_block {
        // SAFETY: a block of the tile, its groups.
        unsafe {
            let factors = BlockFactors::load::<B>(tile.factors, from / groups_of_block + block);
            for group in 0..groups_of_block {
                put(factors.scale::<B>(group), &mut chunk.d[block * groups_of_block + group]);
                if B::MIN {
                    put(factors.minimum::<B>(group), &mut chunk.m[block * groups_of_block + group]);
                }
            }
        }
    }
    // Less their zero point all weights are signed bytes.
    let zero = _mm512_set1_epi8(B::ZERO as i8);
    let first = from * B::GROUP / 16;
    let (fours, _) = chunk.weights.as_chunks_mut::<4>();
    for (index, four) in fours.iter_mut().take(groups * B::GROUP / 16).enumerate() {
        macro_rules! quad {
            ($number:literal) => {
                // SAFETY: a quad of the tile; a line is as large as a register.
                unsafe {
                    let quad = _mm512_sub_epi8(quad_of::<B, $number>(tile, first + index), zero);
                    _mm512_store_si512((&raw mut four[$number]).cast(), quad);
                }
            };
        }
        quad!(0);
        quad!(1);
        quad!(2);
        quad!(3);
    }
}

/// The sums of a group to the totals of each row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
fn add_up<B: Tiled>(
    sums: &[[i32; TILE]; ROWS],
    factors: &GroupOf16,
    d: __m512,
    m: __m512,
    totals: &mut [__m512; ROWS],
) {
    for row in 0..ROWS {
        // SAFETY: a row of the sums is as large as a register.
        let sum = unsafe { _mm512_loadu_si512(sums[row].as_ptr().cast()) };
        let scale = _mm512_set1_ps(factors.scales[row]);
        totals[row] = _mm512_fmadd_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), d), scale, totals[row]);
        if B::MIN {
            totals[row] = _mm512_fmadd_ps(m, _mm512_set1_ps(factors.totals[row]), totals[row]);
        }
    }
}

/// Rows and bytes of a row of each register: `ldtilecfg`'s operand.
#[repr(C, align(64))]
pub(super) struct Config {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl Config {
    /// All registers as large as they can be.
    pub fn whole() -> Self {
        Self::new(4 * TILE)
    }

    /// Registers 0 to 3 hold sums, 4 and 5 weights, 6 and 7 activations.
    fn new(group: usize) -> Self {
        let mut config = Self { palette: 1, start: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
        for register in 0..8 {
            (config.rows[register], config.row_bytes[register]) = match register {
                4 | 5 => ((group / 4) as u8, 4 * TILE as u16),
                6 | 7 => (ROWS as u8, group as u16),
                _ => (ROWS as u8, 4 * TILE as u16),
            };
        }
        config
    }
}

/// Begins the products of a group with 16 rows of activations, 32 bytes apart, whose sums will be in a register. Weights and activations
/// are loaded with the first register that needs them: 0 takes the first of both, 1 the second weights, 2 the second activations.
///
/// # Safety
/// The registers are configured for the group; as many bytes lie there. Registers are begun in order.
#[inline(always)]
unsafe fn product<const REGISTER: usize>(x: *const u8, weights: *const u8) {
    // SAFETY: by the caller's word. The compiler knows of none of these registers.
    unsafe {
        match REGISTER {
            0 => asm!(
                "tilezero tmm0",
                "tileloadd tmm4, [{weights} + {line}*1]",
                "tileloadd tmm6, [{x} + {row}*1]",
                "tdpbssd tmm0, tmm6, tmm4",
                weights = in(reg) weights, line = in(reg) 64usize, x = in(reg) x, row = in(reg) 32usize,
                options(nostack, preserves_flags, readonly),
            ),
            1 => asm!(
                "tilezero tmm1",
                "tileloadd tmm5, [{weights} + {line}*1]",
                "tdpbssd tmm1, tmm6, tmm5",
                weights = in(reg) weights, line = in(reg) 64usize,
                options(nostack, preserves_flags, readonly),
            ),
            2 => asm!(
                "tilezero tmm2",
                "tileloadd tmm7, [{x} + {row}*1]",
                "tdpbssd tmm2, tmm7, tmm4",
                x = in(reg) x, row = in(reg) 32usize,
                options(nostack, preserves_flags, readonly),
            ),
            _ => asm!("tilezero tmm3", "tdpbssd tmm3, tmm7, tmm5", options(nomem, nostack, preserves_flags),),
        }
    }
}

/// Writes the sums in a register to memory.
///
/// # Safety
/// They are there, and have room.
#[inline(always)]
unsafe fn store<const REGISTER: usize>(to: *mut u8) {
    macro_rules! store {
        ($register:literal) => {
            // SAFETY: by the caller's word.
            unsafe {
                asm!(concat!("tilestored [{to} + {line}*1], ", $register), to = in(reg) to, line = in(reg) 64usize,
                    options(nostack, preserves_flags))
            }
        };
    }
    match REGISTER {
        0 => store!("tmm0"),
        1 => store!("tmm1"),
        2 => store!("tmm2"),
        _ => store!("tmm3"),
    }
}

/// Does as many rounds of products as it is told and nothing else, to see how fast they can be; says how many products that was.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn products(rounds: usize) -> usize {
    const GROUP: usize = 64;
    let config = Config::new(GROUP);
    // SAFETY: the configuration is valid; registers are zero after it and released at the end. None is known to the compiler.
    unsafe {
        asm!("ldtilecfg [{}]", in(reg) &raw const config, options(nostack, preserves_flags));
        for _ in 0..rounds {
            asm!(
                "tdpbssd tmm0, tmm6, tmm4",
                "tdpbssd tmm1, tmm6, tmm5",
                "tdpbssd tmm2, tmm7, tmm4",
                "tdpbssd tmm3, tmm7, tmm5",
                options(nomem, nostack, preserves_flags),
            );
        }
        asm!("tilerelease", options(nomem, nostack, preserves_flags));
    }
    rounds * 4 * ROWS * TILE * GROUP
}
