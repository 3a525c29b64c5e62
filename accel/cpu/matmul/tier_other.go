package matmul

var tiers []*tier
