//! The binding digest: DIVOC's terms share IRIs, so values can be swapped under a valid signature. A truncated SHA-256 over the RFC 8785 form of the whole
//! credential, carried as the fragment of `evidence[0].id`, is signed with it and forbids that.
