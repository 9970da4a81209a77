# Stands before a program when it or its input holds a number of sixteen digits or more. Integers are
# 64 bits wide then: `+` and `-` are exact and wrap around, as Java's `long` does.

# An integer as billions and what is left.
def _pair:
  (if . < 0 then -1 else 1 end) as $sign | (tojson | ltrimstr("-")) as $digits
  | [$sign * ($digits[:-9] | if . == "" then 0 else tonumber end), $sign * ($digits[-9:] | tonumber)];
def _carry: (.[1] / 1000000000 | floor) as $carry | [.[0] + $carry, .[1] - $carry * 1000000000];
def _wrap:
  if . > [9223372036, 854775807] then [.[0] - 18446744073, .[1] - 709551616] | _carry
  elif . < [-9223372037, 145224192] then [.[0] + 18446744073, .[1] + 709551616] | _carry
  else . end;
def _integer:
  if .[0] < 0 and .[1] > 0 then ["-", -.[0] - 1, 1000000000 - .[1]]
  elif .[0] < 0 then ["-", -.[0], 0] else ["", .[0], .[1]] end
  | if .[1] == 0 then "\(.[0])\(.[2])" else "\(.[0])\(.[1])\(1000000000 + .[2] | tojson | .[1:])" end
  | fromjson;
def _exact($left; $right; $sign):
  if ($left | _is_whole) and ($right | _is_whole)
  then [($left | _pair), ($right | _pair)]
    | [.[0][0] + $sign * .[1][0], .[0][1] + $sign * .[1][1]] | _carry | _wrap | _integer
  else . end;
def _is_large: type == "number" and fabs >= 9007199254740992;
def _was_plus(a; b): a + b;
def _was_minus(a; b): a - b;
# Only numbers are kept in variables: a list that grows would be copied at every step.
def _plus(a; b):
  b as $b
  | if ($b | type) == "number" then
      a as $a | _was_plus($a; $b)
      | if any(., $a, $b; _is_large) then _exact($a; $b; 1) else . end
    else _was_plus(a; $b) end;
def _minus(a; b):
  b as $b
  | if ($b | type) == "number" then
      a as $a | _was_minus($a; $b)
      | if any(., $a, $b; _is_large) then _exact($a; $b; -1) else . end
    else _was_minus(a; $b) end;
def _was_add: add;
def add:
  . as $all | _was_add
  | if type == "number" and any(., $all[]; _is_large)
    then reduce $all[] as $one (null; . + $one) else . end;
