#!/usr/bin/env node
import { endWith } from './report-error.ts';
import { runCommand, withGoSpelling } from './run-command.ts';

// `/manager` of the image: `llmisvc run` under the name and with the flags that Deployments of KServe know (R1.91, R1.111).
await endWith(runCommand('manager').parseAsync(withGoSpelling(process.argv.slice(2)), { from: 'user' }));
