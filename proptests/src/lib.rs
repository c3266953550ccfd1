//! Properties and models, run over every codec.
