//! The arithmetic that candle does not have, or does slowly, on the CPU: products with weights as
//! they lie in the file, and attention straight over the cache. Other devices go through candle.
//!
//! Knows numbers and their layouts; knows no model. Candle tensors in, candle tensors out.
//!
//! # Weights in tiles: what was expected, what came of it
//!
//! Two cores of an AMD EPYC with AVX-512 VNNI, a Q4_K matrix of 8960 × 1536 that no cache holds,
//! medians of three:
//!
//! | rows of activations | weights read from the file's layout | from tiles | expected |
//! |---|---|---|---|
//! | 1 | 18 G weights/s | 35 G weights/s | the memory's limit, 40 |
//! | 64 | 183 G products/s | 270 G products/s | 300: eight rows share what it takes to unpack a register |
//! | 512 | 88 G products/s | 277 G products/s | as for 64, once rows are taken 64 at a time |
//!
//! Reading the file's own layout spent two thirds of its instructions on taking blocks apart and on
//! exchanging rows with columns; laid out so that a lane is a row throughout, neither is left.
//! Packing reads 1–2 GB/s, when a model is opened.
//!
//! # Weights of eight bits on AVX2
//!
//! Two cores of an AMD EPYC without AVX-512, a network of Marian's shape in Q8_0, 32 texts at a
//! time, tokens a second:
//!
//! | change | expected | came out |
//! |---|---|---|
//! | before: signs moved to the activations, `vpmaddubsw`, `vpmaddwd` | | 540 |
//! | adding, norms, biases and attention of all rows without candle's operations, whose threads wait by spinning | 5–17 % of the samples were theirs | 635 |
//! | words instead of bytes: as many multiplications, fewer other instructions | a third less time in the kernel | 510: the compiler unrolled the loop, added in trees and ran out of registers |
//! | the same with a loop it cannot unroll | as above | 815 |
//! | pairs of columns taken by mask and shift, so that no sums within a register are left to do | another tenth | 850 |
//! | an exponential of our own in SiLU, taken back: SmolLM2 came out beyond llama.cpp's divergence from exact weights, by a hair | 5 % | about 5 % lost again |
//!
//! Single runs on a machine that was not quiet. The kernel still takes half of the time. (The
//! exponential came back later, computed in f64: see below.)
//!
//! # What stands between products, and AMX
//!
//! Two cores of an Intel Xeon with AMX, SmolLM2 (Q4_1, 96 MB a step) unless it says otherwise,
//! tokens a second. Others used the same processor: the same program gave half as much an hour
//! later, so only what was measured within minutes stands in a row.
//!
//! | change | expected | came out |
//! |---|---|---|
//! | products of 16 rows by AMX, each register stored as soon as it is full | three times VNNI's: eight times its products, less what adding up costs | no faster than VNNI: 45–60 ns a product where the instructions alone take 13; the next waits for the store |
//! | two tiles and two times 16 rows share what is loaded; sums are stored a step later and added up two steps later | 2.5 times VNNI's | 1.5 to 1.9 times (Q4_K, 128 rows: 388 G products/s to 235) |
//! | the same with jobs of an even number of tiles, and 36 KB of scratch no longer zeroed at each call | a tenth | prefill of 512: 477 to 1,211; the last tile of every job had met registers half empty |
//! | four groups computed and stored, then added up with their totals in registers, instead of a pipeline of single steps | twice | within the noise, 1.3 to 2 times VNNI's; kept, for it is simpler |
//! | attention of 16 rows at once, in registers by arrays that the compiler was to recognise | four times | none: every number by itself |
//! | the same written with the instructions' own types | as above | prefill of 4,096: 66 to 190 |
//! | threads that wait by spinning, q, k, v and gate, up as one operation each, norms and rotations not by candle | decoding of one text: twice | 45 to 63, of which attention hid the rest: 118 with it |
//! | `e^x` in f64, eight at a time | a twentieth of a prefill | `expf` was 5 % of the samples and is 1 %; divergence from exact weights stays below llama.cpp's |
//!
//! # Opening a model, and what compilers make of loops
//!
//! The same kind of machine, the 1.5B file (Q4_K and Q6_K, 1.1 GB) unless it says otherwise:
//!
//! | change | expected | came out |
//! |---|---|---|
//! | tiles kept in a file and mapped, instead of laid out each time | opened in a fifth of the time: a quarter of the samples were the system's zeroing pages, a third packing | 1.47 s to 0.21 s, to the first token 1.69 s to 0.40 s |
//! | the same, decoding | a tenth slower, because files come in small pages: asking for small pages for memory of our own had cost 5–20 % | no slower: Linux 6.18 maps what is written in blocks of 2 MB in pages as large, by the process's own figures (`FilePmdMapped`) |
//! | quads written out and not looped over | nothing; the loop had been unrolled until code elsewhere changed | decoding a tenth faster again: the compiler had stopped unrolling and tested each quad's parity |
//! | two tiles share each load of activations (VNNI) | a third, for loads were as many as products | 15–30 % over the version before, each as a ratio to the AVX2 kernel of the same run; as fast as AMX below 64 rows |
//! | AMX with bf16, no sums to store before the last column | three times | not built then: a product beside the load of its operand took 30 ns, each alone 7 and 10 (see below) |
//! | drafts looked up in the article, up to 7 tokens verified with the last one | twice for summaries, nothing for translations | summary of the example article 15 to 36 tokens/s; translations 0–10 %, at worst a few per cent lost |
//!
//! # Attention in pages, and reading in 16 bits
//!
//! The same kind of machine, ratios within minutes of each other:
//!
//! | change | expected | came out |
//! |---|---|---|
//! | keys in pages of 16 tokens, a lane a key: no sums across lanes; segments of 256 keys; up to 24 rows go past them together | prefill of 4,096 (SmolLM2) twice as fast, a token after 2,048 twice | both 1.5 times; 16 texts at once 1.35 times. Products and sums run at about half of what multiplications alone give |
//! | dot products as one chain of 64 additions | nothing | logits of a network with large scores were off by twice as much: chains of 8 now, which cost nothing that could be measured |
//! | `e^x` of weights in f32 | a tenth of a long prefill | a twentieth of its samples; about as much again from sums across lanes written out, of which the compiler made scalars |
//! | prompts in bfloat16 by AMX, weights widened 16 rows of 256 columns at a time for up to 512 rows | four times the products of bytes | 1.3 to 1.9 times where others used the processor; a bare loop takes 8 ns a product from the second-level cache, 25 from beyond it, and some seconds long four times as much whatever it reads: what was measured above as the cost of a load was most likely a neighbour on the same core |
//! | the same, divergence from exact weights | a third | an eighth (gemma) to two fifths (qwen 0.5B) |
//!
//! # Asking ahead, and what came of one arithmetic for everything
//!
//! The same kind of machine, ratios within minutes of each other:
//!
//! | change | expected | came out |
//! |---|---|---|
//! | weights asked for a tile before they are needed | a tenth: processors see by themselves that lines follow each other | one text a fifth to two fifths faster, all four files; products of one row 1.2 to 2 times, AVX2's too: what reads ahead by itself stops where a page ends. What had been taken for the memory's limit, 17 GB/s, was too little: `ceiling` in large pages gives 18 to 21, a bare loop outside this program 23 to 29 |
//! | keys and values likewise, and the likeliest token found with whole registers | 16 texts of gemma a fifth faster: 10 ms of 49 went into looking through 16 times 262,144 scores | gemma 1.3 to 1.5 times, SmolLM2 1.1 to 1.3 |
//! | texts in bfloat16 by AMX as well, from tiles of which a register is a row: weights of four and five bits looked up in tables of their group, 32 at a time, five instructions where each by itself takes eleven | 16 texts twice as fast, one text as fast as memory | taken back. 16 rows 1.3 times bytes' products for Q4_K and Q4_1, 1.0 to 1.1 for Q5_0 and Q8_0, 0.85 for Q6_K; 32 rows 1.2 to 2.3. But one row 0.25 to 0.75 times, before bytes were asked for ahead: 20 to 24 G weights/s for four bits, 8 to 11 for others, which is what widening them gives. It takes 25 ns for 512 weights, and each product of theirs with 16 rows 9 more: the one does not run beside the other. Prompts gained nothing that could be seen, for many rows share what widening costs |
//! | six rows at a time and not eight, so that sums and totals stay in registers (VNNI, 16 rows) | a tenth | within the noise; not kept |
//!
//! # What stood between two products
//!
//! The same kind of machine; one core, best of several runs where nothing else is said, for medians
//! only say who else was there. G products/s of 1536 × 8960, versions by turns:
//!
//! | change | expected | came out |
//! |---|---|---|
//! | outputs of prompts written a row at a time and not a tile at a time, where each line lay a page or more from the last | a quarter, which was that store's share of the kernel's samples | 512 rows of Q4_K: 321 to 371 and 409 |
//! | 32 tiles a call and not 16, so that activations come half as often from beyond the second-level cache | a tenth | 342 to 374; 64 tiles, or 256 rows: no more |
//! | panels of 512 columns and not 256; the next panel's activations asked for ahead | a tenth | within the noise; not kept |
//! | VNNI's eight rows: four bytes put into a register and multiplied with two tiles, written out. The compiler had read the bytes of all rows sixteen at a time, and had sent three quarters of them to the stack and back | a third | 16 rows of Q4_K 138 to 158, Q4_1 141 to 156, Q6_K 111 to 121, Q5_0 and Q8_0 within the noise. Gemma and the 1.5B, 16 texts: about a tenth; SmolLM2's: not to be seen |
//! | sums begin at the bits of 1.5 · 2^23: no conversion to floats, the same bits | a tenth of what is not products | 2–5 % for types with minimums, others within the noise |
//! | keys and values of prompts no longer asked for ahead, which had a fifth of the samples of their products | a twentieth of a prompt of 4,096 | SmolLM2, six pairs of runs: 1.03 to 1.17 times |
//! | `ceiling` asks ahead too | what a bare loop outside gives | 26 to 28 GB/s where it said 15 to 18, the bare loop 21 to 24 by turns. Shares of the memory's limit were too high by half |
//!
//! A bare loop of AMX takes 11 ns a product where all comes from the second-level cache and nobody
//! disturbs it, the kernel 22: most of the rest is likely what comes from further away. Disturbed,
//! both take 30 to 45, for seconds, on one core and not the other.
//!
//! Left, by the clock, before anything was asked for ahead: of a step of 16 texts through SmolLM2
//! (30 ms) products take a half, attention a quarter, which is what reading their keys and values
//! takes, new keys and quantised activations a tenth; through the 1.5B (180 ms) products five
//! sixths. Of a prompt of 4,096 tokens through SmolLM2 attention takes half, by samples.
//!
//! # Texts many at a time, and who waits for whom
//!
//! The same kind of machine, versions by turns where nothing else is said; a network of Marian's
//! shape in Q8_0, 32 sources at once:
//!
//! | change | expected | came out |
//! |---|---|---|
//! | AMX for bytes left out, which was for 64 rows and more | nothing | on a quiet core both give 140 to 190 G products/s; on one with a neighbour VNNI 85 to 95, AMX 62 to 80. Four hundred lines less |
//! | sums of AMX begun at the bits of 1.5 · 2^23 and added up a group later, tried in a bare loop | three times VNNI's: a product takes 14 ns with its loads, 19 with its store, adding up 13 | 1.2 to 1.5 times VNNI's in the same loop, at 39 to 58 ns a product: the one does not run beside the other. Not built |
//! | a bias added by whoever computed the outputs; zeros written by those who write the rest; activations quantised with AVX-512's own types, in smaller jobs | a tenth: one thread did it while the other waited | greedy 1.15 times (medians of six, with the next row's loop instead of those types); a group of 32 quantised in 15 to 20 ns, was 35 to 45 |
//! | the same quantising in a loop over sixteen groups, for the compiler | as above | 54 ns: it loaded one number of each group |
//! | that bias added where outputs are stored | a thirtieth, its share of the samples | 4 beams 1.13 times, greedy within the noise: what is stored by mask is read again only when it has reached the cache |
//! | VNNI's eight rows side by side, a group's quads written out, and nothing asked for but by the rows that ask for the next tiles | a fifth: so many of its instructions were pointers, exchanges of registers and asking | 4 beams 1.2 times; the kernel on a quiet core: Q8_0 163 to 201 G products/s, others within the noise; with a neighbour all types 1.0 to 1.3 times |
//! | the next head's keys asked for | a tenth: 1.6 µs a head, of which reading takes most | within the noise; kept |
//! | norms and sums in jobs of 4,096 numbers and not 16,384 | a hundredth | within the noise; not kept |
//! | large pages for all memory, memory that is never given back, another allocator (by environment variables) | a twentieth | within the noise; not kept |
//!
//! A bare loop of VNNI gives 325 G products/s, 245 with scales and totals, where nobody disturbs
//! it: of the best of 300 runs.
//!
//! # Other processors, and what is written twice
//!
//! The same kind of machine; one core, or versions by turns:
//!
//! | change | expected | came out |
//! |---|---|---|
//! | float weights read by `Lanes`, several and four rows at once, instead of widened row by row | three times, for conversions were not shared | f32, 32 sources at once 2.8 times, one 1.2 to 1.7 |
//! | AVX-VNNI's dot products in AVX2's kernel | twice, for they replace three instructions of four | with a loop over quads none: each asked its place among four. Written out, with six rows so that sums do not wait for each other, 1.3 to 1.5 times for four to six bits, 2.3 for eight |
//! | the same in NEON, four rows at once | what `sdot` gives | the same bits, in an emulator; no processor to see it on. The compiler keeps some sums of four rows in memory |
//! | gates activated and multiplied where outputs are stored; prompts 512 tokens at a time, not 256 | a tenth: a twelfth of the samples were the system's zeroing of new pages, most of them for gates | the 1.5B's prompt of 512 1.3 to 1.6 times (three pairs), SmolLM2's within the noise, its 16 texts 1.15 and one 1.1 |
//! | smaller jobs for prompts (four a thread) | an unlucky thread is helped | within the noise; not kept |
//!
//! # Prompts attend by AMX
//!
//! The same kind of machine, versions by turns; SmolLM2 where nothing else is said:
//!
//! | change | expected | came out |
//! |---|---|---|
//! | scores and sums of values by AMX, each number as two of 16 bits and a product as three; divergence from exact weights as before | twice for a prompt of 4,096 tokens, of which attention in floats had half | 1.2 to 1.3 times, the 1.5B's too |
//! | what is loaded for scores is used twice; values and weights rounded, a product one; divergence 0.00075 to 0.00078 | a third of attention | 1.2 to 1.5 times the version in floats |
//! | scale, largest score, powers, sum and rounding of a row's weights as two loops and not six | a tenth: a quarter of the samples were theirs | within the noise; kept, for it is one function |
//! | 256 rows over each segment of keys and not 128, which come from beyond the second-level cache | a tenth | heads of 128 numbers 1.2 times, of 64 within the noise |
//! | rounding activations with AVX-512's own types, sixteen rows side by side, without zeroing; gates in floats of 32 bits | a tenth of a prompt of 512 | 1.05 to 1.1 times (medians of three by turns) |
//! | the residual stream added where outputs are stored | a thirtieth | within the noise; kept, for it is less to do |
//!
//! What disturbs AMX was looked at in a bare loop: alone on its core a product takes 7 ns and a
//! load 4, the one beside the other. Disturbed, for seconds, products take 15, loads 12, and the
//! times add up, in whatever order they are written and wherever the numbers lie: a product
//! with its load 27. Only fewer loads help, and with eight registers there is one for each product
//! of different rows and columns.
//!
//! # Four pipes, of which two multiply
//!
//! Two cores of an AMD EPYC with AVX-512 VNNI and no AMX (family 26), quiet but for what others did
//! to its memory, which gave 80 GB/s or 50, for seconds to minutes at a time; bare loops on one
//! core, or versions by turns:
//!
//! | change | expected | came out |
//! |---|---|---|
//! | the last layer's feed-forward only for tokens whose scores are wanted | a thirtieth of a prompt through the 1.5B, more where layers are fewer | two pairs of prompts of 512: 1.03 and 1.09 times (1.5B), SmolLM2 1.01 and 1.05, gemma 1.05; more than it can be is noise. Left: its queries, and all that is like it in the last layers of Gemma 4, which keep nothing |
//! | widened vectors of 128 tokens at a time and not 512, which with their bytes filled the last cache | a twentieth | two pairs, without the row before: 1.02 and 1.06 (1.5B) |
//! | the next tiles asked for evenly by all rows that go past, not by the last eight | 16 texts a tenth faster, for memory seemed to wait for the first eight | within the noise; not kept |
//! | products of some rows by `vpmaddubsw` and words added up, for pipes that dot products leave alone | a third | the slower, the more rows were computed so: it multiplies, too |
//! | a block's scales multiplied as integers, and one scale for 256 activations (Q4_K) | a fifth | 360 to 415 G products/s in a bare loop, but coarser; with a scale for 32, as now, nothing: `vpmulld` multiplies, too |
//! | zero points by shift and not by multiplication; two groups of 16 times the activations' scale at once (Q6_K) | a sixth | 280 to 287; not kept |
//! | another allocator, memory that is never given back | a twentieth | mimalloc nothing, jemalloc slower, glibc's own with large thresholds 1.03 before the second row; not kept |
//! | weights asked for nearer, further, twice, into the first-level cache; two tiles or four for one text (Q4_K) | what a loop that only reads gets | within a twentieth of each other, in a bare loop; not kept |
//!
//! A bare loop gives 540 G products/s a core: two dot products a clock, whatever is loaded,
//! unpacked, converted or added meanwhile, for all of that has pipes of its own. Multiplying has
//! not: with one multiplication for each group of 32 and output it gives 467, with two
//! 421, with three (the weights' scale, the activations', the minimum) 360, where 128 dot products
//! of 176 instructions that multiply would be 390. `Tiles::matmul` in a loop gives 345 with weights
//! from a cache, 290 with 16 rows and weights from memory. So a K type reaches two thirds of what
//! bytes could, and only fewer scales would change that.
//!
//! Products of one row read weights at 50 to 60 GB/s where a loop that only reads gets 80, and at
//! 38 to 42 where it gets 50; the 1.5B's texts, with what stands between products, at 31 to 48. A
//! bare loop of the same products gets 38 to 43 where reading gets 50, though it does 220 GB/s from
//! the second-level cache; a bare loop over bytes, which takes about a quarter of the instructions
//! for each line, reads at full speed. Most likely too few lines are under way at once, for a
//! processor looks only so many instructions ahead; but asking for them earlier did not help.

#[cfg(target_endian = "big")]
compile_error!("numbers of weights are read as they lie in the file, the lowest byte first");

mod activation;
mod amx;
mod attention;
mod avx2;
mod avx2_bytes;
mod blocks;
pub mod ceiling;
mod eights;
mod exponential;
mod floats;
mod halves;
mod isa;
mod lanes;
mod linear;
mod lines;
mod matmul;
mod neon;
mod out;
mod phase;
pub(crate) mod pool;
mod quantize;
mod rows;
mod tiles;
mod vnni;

pub use activation::{Activation, gated};
pub use attention::{
    Attention, KeyValues, RelativeBias, Sees, Span, attend_spans, attend_with_candle,
};
pub use blocks::BlockType;
pub use isa::Isa;
pub use linear::{
    Embedding, Linear, Precision, Weight, activated_layer, gated_layers, shared_input,
};
pub use matmul::{Activations, Matrix, matmul};
pub use phase::Phase;
pub use rows::{add, are_numbers, largest, layer_norm, log_sum_exp, rms_norm, rotate};
pub use tiles::{Outputs, Tiles};
