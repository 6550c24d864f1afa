#!/bin/sh
# Fills corpus/ with the committed seeds and the known answers of the tests. May be run again at any time.
set -eu
cd "$(dirname "$0")"

for target in event canonicalise qr_read verify did_document picture pdf digilocker; do
    mkdir -p "corpus/$target"
    if [ -d "seeds/$target" ]; then cp "seeds/$target"/* "corpus/$target/"; fi
done
cp ../tests/vectors/qr/*.zip corpus/qr_read/
cp ../tests/vectors/digilocker/*.xml corpus/digilocker/
# As the target `picture` takes them: a byte for the kind, then what follows the file's mark.
for file in ../tests/vectors/qr/*.png ../tests/vectors/verdicts/pictures/*.png; do
    { printf '\0'; tail -c +9 "$file"; } > "corpus/picture/$(basename "$file")"
done
for file in ../tests/vectors/verdicts/pictures/*.jpg; do
    { printf '\1'; tail -c +4 "$file"; } > "corpus/picture/$(basename "$file")"
done
if [ -d ../events/certify ]; then cp ../events/certify/*.json corpus/event/; fi
# Signed credentials of every suite, under names that say where they come from.
find ../tests/vectors -name signed.json -o -path '*/divoc/*' -name '*.json' | while read -r file; do
    cp "$file" "corpus/verify/$(echo "${file#../tests/vectors/}" | tr / _)"
done
