"""Statutory returns (统计报表): what the scheme asks, how a return passes from hand to hand, how it is added up.

`scheme` holds the types of editions, forms and indicators; `slots` the periods; `steps` the states; `sampling` the spot
check; `rollup` forms 5 to 8; `review` the rules.
"""
