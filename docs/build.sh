#!/usr/bin/env bash
# Builds the book into target/book. The book has the tree of the repository, so that links lead to the same
# files in both. A test checks that each linked file is in one of these:
published="README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md LICENSE benches deploy docs examples guests/sdk/README.md wit"
set -euo pipefail
cd "$(dirname "$0")/.."
source=target/book-source
rm -rf "$source" target/book
mkdir -p "$source"
# shellcheck disable=SC2086 # The names have no spaces.
git ls-files -z --cached --others --exclude-standard $published | xargs -0 cp --parents --target-directory "$source"
rm "$source/docs/book.toml" "$source/docs/build.sh" "$source/docs/not-run.css"
# The table of contents lists pages relative to docs, and mdBook expects it at the top.
sed -E 's|\]\(\.\./|](../../|; s|\]\(|](docs/|; s|docs/\.\./\.\./||' "$source/docs/SUMMARY.md" >"$source/SUMMARY.md"
rm "$source/docs/SUMMARY.md"
if ! errors=$(mdbook build docs 2>&1) || grep -qE 'WARN|ERROR' <<<"$errors"; then
  echo "$errors"
  exit 1
fi
echo "the book is in target/book/index.html"
