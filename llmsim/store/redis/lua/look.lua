-- ARGV: session.
return seen(read(ARGV[1]), published())
