//! The pinned JSON-LD contexts as term tables. Nothing is ever fetched.
