use malmoi::kernels::*;
use std::time::Instant;
fn main() {
    for (bt, rows, cols) in [(BlockType::Q4_K, 8960usize, 1536usize), (BlockType::Q6_K, 8960, 1536), (BlockType::Q8_0, 8960, 1536), (BlockType::Q5_0, 8960, 1536), (BlockType::Q4_1, 8960, 1536)] {
        let copies = 8; // beyond L3
        let n = bt.row_bytes(cols) * rows;
        let bytes = vec![17u8; n * copies];
        let only: Option<usize> = std::env::args().nth(1).and_then(|a| a.parse().ok());
        for m in [1usize, 3, 16, 512].into_iter().filter(|m| only.is_none_or(|o| o == *m)) {
            let x = vec![0.5f32; m * cols];
            let mut best = f64::MAX;
            for r in 0..if only.is_some() {200} else {10} {
                let w = Matrix { block_type: bt, rows, columns: cols, bytes: &bytes[n * (r % copies)..][..n] };
                let t = Instant::now();
                let a = Activations::new(&x, m);
                std::hint::black_box(matmul(w, &a, false, Isa::detect()));
                best = best.min(t.elapsed().as_secs_f64());
            }
            println!("{:6} m={m:4} {:8.3} ms  {:6.1} GB/s  {:7.1} GOP/s", bt.name(), best * 1e3, n as f64 / best / 1e9, 2.0 * (m * rows * cols) as f64 / best / 1e9);
        }
    }
}
