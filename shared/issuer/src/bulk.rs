//! Bulk: files of many rows, DIVOC's CSV of vaccinations and tests. What is pure of it so far: the rows of a file, and the events that they are.
#![allow(dead_code, reason = "the routes come next")]

mod row;
mod scan;
mod table;
