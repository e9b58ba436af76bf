-- Inquiries of a user who is to be deleted.
CREATE INDEX inquiry_email ON inquiry (email);
