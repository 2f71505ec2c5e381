"""The look of the pages, shown on one page: for whoever builds another one."""
