//! Encodings, agency XML, subtitles, tables, plain text.
