//! Who gets this message: policy over ids, owns no socket.
