//! What is wrong with the user's files.
