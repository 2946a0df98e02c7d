// Pages of the console work without this. Parts that change by themselves are fetched anew while they are looked at.
