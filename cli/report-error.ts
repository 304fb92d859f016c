import { ManifestError } from './manifest-files.ts';

/** Mistakes of ours, as opposed to what can go wrong: files, clusters, networks. */
const bugs = [TypeError, RangeError, ReferenceError, SyntaxError];

/** Waits for a command; when it fails, the process ends with this code and a line on standard error. */
export async function endWith(command: Promise<unknown>, failureCode = 1): Promise<void> {
  try {
    await command;
  } catch (error) {
    printError(error);
    process.exitCode = failureCode;
  }
}

function printError(error: unknown): void {
  if (process.env.DEBUG) console.error(error);
  else if (error instanceof ManifestError) console.error(error.message);
  else if (!(error instanceof Error)) console.error(`llmisvc: ${String(error)}`);
  else if (bugs.some((bug) => error instanceof bug)) console.error(`llmisvc: this is a bug: ${error.message} (set DEBUG=1 to see where)`);
  else console.error(`llmisvc: ${error.message}`);
}
