//! Parts of the library that its own tests, benchmarks, fuzz targets and program need. They are not
//! part of the public interface and change without notice.

/// Everything public in `architectures`.
pub mod architectures {
    pub use crate::architectures::*;
}

/// Everything public in `bundle`.
pub mod bundle {
    pub use crate::bundle::*;
}

/// Everything public in `audit`.
pub mod audit {
    pub use crate::audit::*;
}

/// Everything public in `checkpoint`.
pub mod checkpoint {
    pub use crate::checkpoint::*;
}

/// Everything public in `files`.
pub mod files {
    pub use crate::files::*;
}

/// Everything public in `generation`.
pub mod generation {
    pub use crate::generation::*;
}

/// Everything public in `kernels`.
pub mod kernels {
    pub use crate::kernels::*;
}

/// Everything public in `likeness`.
pub mod likeness {
    pub use crate::likeness::*;
}

/// Everything public in `prompt_part`.
pub mod prompt_part {
    pub use crate::prompt_part::*;
}

/// Everything public in `redact`.
pub mod redact {
    pub use crate::redact::*;
}

/// Everything public in `sandbox`.
#[cfg(feature = "sandbox")]
pub mod sandbox {
    pub use crate::sandbox::*;
}
