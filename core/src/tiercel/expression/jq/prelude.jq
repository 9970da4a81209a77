# What jackson-jq 1.6, which Kestra runs, does otherwise than C jq 1.8. These definitions stand before
# the program, so a name in it means the one below. `_was_x` is C jq's own `x`: a definition that used
# `x` would call itself. `worker.py` puts more before and behind: see there.

def _was_tojson: tojson;
# What the caller gets of a result: JSON. Infinity is a number too large for a double, and 7E+777777
# stands for NaN.
def _result_of_tiercel:
  _was_tojson as $text
  | if ($text | contains("null") or contains("797693134862315")) then
      (.. | select(type == "number" and (isnan or isinfinite)))
        |= (if isnan then 7E+777777 elif . > 0 then 1E+1000 else "-1E+1000" | fromjson end)
      | _was_tojson
    else $text end;

# --- numbers: Java tells integers from doubles; C jq keeps the text of a number it did not compute

def _has_point: contains(".") or contains("E") or contains("e");
def _is_whole: type == "number" and (isnan | not) and (tojson | _has_point | not);
# A double stays one even when it is whole: 6.0, not 6.
def _double:
  if isnan or isinfinite then . else tojson | if _has_point then . else . + ".0" end | fromjson end;

# Digits and exponent: 12345678.5 is 1.23456785 times ten to the 7th.
def _scientific:
  fabs | tojson
  | capture("^(?<whole>[0-9]+)(\\.(?<rest>[0-9]+))?([eE]\\+?(?<shift>-?[0-9]+))?$")
  | (.whole + (.rest // "")) as $all
  | ($all | sub("^0+"; "")) as $digits
  | [($digits | sub("0+$"; "")),
     ((.shift // "0") | tonumber) + (.whole | length) - 1 - ($all | length) + ($digits | length)];
def _sign: if . < 0 then "-" else "" end;
# As `Double.toString` prints it: 1.0E7, 0.001, 3.0.
def _java_double:
  . + 0
  | if isnan then "NaN"
    elif isinfinite then _sign + "Infinity"
    elif . == 0 then "0.0"
    elif fabs >= 0.001 and fabs < 10000000 then tojson | if contains(".") then . else . + ".0" end
    else _sign as $sign | _scientific as [$digits, $exponent]
      | ($digits[1:] | if . == "" then "0" else . end) as $rest
      | "\($sign)\($digits[:1]).\($rest)E\($exponent)"
    end;
# As jackson-jq's `tojson` prints it: 3, 1.0e-5.
def _plain_double:
  . + 0
  | if isnan or isinfinite then tojson
    elif . == floor and fabs < 9223372036854775807 then
      if fabs < 9007199254740992 then tojson
      else _sign as $sign | _scientific as [$digits, $exponent]
        | $sign + ($digits + "0000000000000000000")[:$exponent + 1]
      end
    else _java_double | if contains("E-") then sub("E"; "e") else sub("E"; "e+") end
    end;
def _canonical: if type == "number" and (_is_whole or isnan | not) then . + 0 else . end;
def _write(double):
  if type == "object" then
    "{" + ([to_entries[] | (.key | tojson) + ":" + (.value | _write(double))] | join(",")) + "}"
  elif type == "array" then "[" + (map(_write(double)) | join(",")) + "]"
  elif type == "number" and (_is_whole | not) then double
  else tojson end;
def _json(double):
  _was_tojson as $text
  | if $text | contains(".") or contains("null") or contains("E+") or contains("E-")
        or contains("e+") or contains("e-")
    then _write(double) else $text end;
def tojson: _json(_plain_double);
def tostring: if type == "string" then . else tojson end;
def _was_tonumber: tonumber;
def tonumber:
  if type == "string" then
    . as $text
    | (try _was_tonumber
       catch ($text | trim | try _was_tonumber catch error("For input string: \"\($text)\""))) + 0
  else _was_tonumber end;
def _was_now: now;
def now: _was_now * 1000 | floor / 1000;

def exp10: pow(10; .) | _double;
def _was_negate: -.;
def _negate: _was_negate + 0;
def _was_length: length;
def length: if type == "number" then fabs + 0 else _was_length end;

# --- texts

# `"\(x)"` calls format("text"), `@csv` calls format("csv").
def _was_format(name): format(name);
def _unescape($code; $letter): split($code) | join($letter);
def format($name):
  if $name == "text" then if type == "string" then . else _json(_java_double) end
  elif $name == "json" then tojson
  elif $name == "csv" or $name == "tsv" or $name == "sh" then
    if type == "array" then map(_canonical) else _canonical end | _was_format($name)
  elif $name == "html" or $name == "base64" or $name == "base64d" then tostring | _was_format($name)
  elif $name == "uri" then
    tostring | _was_format("uri")
    | _unescape("%21"; "!") | _unescape("%27"; "'") | _unescape("%28"; "(")
    | _unescape("%29"; ")") | _unescape("%2A"; "*")
  else error("Formatting operator @\($name) does not exist") end;
def _was_join($by): join($by);
def join($by):
  map(if . == null then ""
      elif type == "array" or type == "object" then error("string and \(type) cannot be added")
      else format("text") end)
  | _was_join($by);
def _was_ltrimstr($part): ltrimstr($part);
def _was_rtrimstr($part): rtrimstr($part);
def _both_strings($part): type == "string" and ($part | type) == "string";
def ltrimstr($part): if _both_strings($part) then _was_ltrimstr($part) else . end;
def rtrimstr($part): if _both_strings($part) then _was_rtrimstr($part) else . end;
def _was_implode: implode;
def implode:
  if any(.[]; . < 0 or . > 1114111 or (. > 55295 and . < 57344))
  then error("input to implode() must be a list of codepoints") else _was_implode end;
def _was_multiply(a; b): a * b;
def _repeat($text; $count):
  if $count <= 0 then null elif $count < 2 then $text else _was_multiply($text; $count) end;
def _multiply(a; b):
  b as $b | a as $a
  | if ($a | type) == "string" and ($b | type) == "number" then _repeat($a; $b)
    elif ($b | type) == "string" and ($a | type) == "number" then _repeat($b; $a)
    else _was_multiply($a; $b) end;

# --- structures

def _was_error: error;
def error: if . == null then empty else _was_error end;
def error(message): message | error;
# What `|=` and its kin call.
def _modify(paths; change):
  reduce path(paths) as $path (.;
    setpath($path; [getpath($path) | change]
                   | if . == [] then error("`|= empty` is undefined") else .[0] end));
def map_values(change): .[] |= change;
def from_entries:
  reduce .[] as $entry ({};
    setpath([$entry | if has("key") then .key elif has("Key") then .Key
                      elif has("name") then .name else .Name end];
            $entry | if has("value") then .value else .Value end));
def with_entries(change): to_entries | map(change) | from_entries;
def recurse(step): def down: ., (step | select(. != null) | down); down;
def recurse_down: recurse(.[]?);
def paths: path(.. | select(. != null)) | select(length > 0);
def leaf_paths: paths(scalars);
def walk(change):
  def down:
    if type == "object" then
      . as $in | reduce keys[] as $key ({}; . + {($key): ($in[$key] | down)}) | change
    elif type == "array" then map(down) | change
    else change end;
  down;
def last(items): reduce items as $item (null; $item);
def _was_limit($count; items): limit($count; items);
def limit($count; items): if $count < 0 then items else _was_limit($count; items) end;
def nth($index; items):
  if $index < 0 then error("nth doesn't support negative indices")
  else last(limit($index + 1; items)) end;
