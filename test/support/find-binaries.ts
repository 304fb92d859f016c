/** Fills the cache with fakes that a provider takes a moment to make, noting in `$BUILDS` that it was asked, and prints what it found. */
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findBinaries } from '../../control-plane/binaries.ts';
import type { Provider } from '../../control-plane/provider.ts';

const slowBuild: Provider = async (names, directory, log) => {
  await appendFile(process.env.BUILDS ?? '', `${process.pid}\n`);
  log('building');
  await delay(Number(process.env.BUILD_MS));
  for (const name of names) await writeFile(join(directory, name), '#!/bin/sh\n', { mode: 0o755 });
};

const binaries = await findBinaries({ providers: [slowBuild], log: (line) => process.stdout.write(`${line}\n`) });
process.stdout.write(`${JSON.stringify(binaries)}\n`);
