"""What patients ask of the privacy officers: questions about a visit, and their rights, with the law's clock."""
