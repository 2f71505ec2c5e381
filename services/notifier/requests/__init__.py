"""What patients ask of the privacy officers: a question about a visit or one of their rights, under the law's clock."""
