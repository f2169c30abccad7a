//! CubeCL form.
