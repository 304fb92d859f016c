/** Starts a control plane, prints where it is, and waits to be ended from outside; with the argument `throw` it fails instead. */
import { startControlPlane } from '../../control-plane/control-plane.ts';

const { url, directory } = await startControlPlane();
process.stdout.write(`${JSON.stringify({ url, directory })}\n`);
if (process.argv[2] === 'throw') throw new Error('as told');
