//! The properties that every codec must hold, as plain functions.
