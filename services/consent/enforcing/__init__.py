"""Having a change in force everywhere before it is answered: leases, the fence document, statements, waiting."""
