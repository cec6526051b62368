"""What providers promise and charge, as dated data: hosts, model ids, contracts, prices."""
