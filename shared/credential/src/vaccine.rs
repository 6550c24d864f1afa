//! Vaccines: DIVOC's tables from vaccine name to ICD-11 code and prophylaxis.
