import { StringDecoder } from 'node:string_decoder';

/** Splits a body into its lines; a part of a line at the end, left by a cut connection, is dropped. */
export async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  for await (const chunk of body) {
    const pieces = decoder.write(chunk).split('\n');
    const rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      const line = parts.join('') + piece;
      parts = [];
      if (line.trim() !== '') yield line;
    }
    if (rest !== '') parts.push(rest);
  }
}
