/**
 * Splits server-sent events out of chunks of text (HTML standard, section 9.2). Only what this API sends is understood: `id` and one
 * line of `data`; comments and other fields are skipped, but for a `retry` in what comes last: a server that ends a stream says so with
 * it that the client may come back.
 */
export class SseSplitter {
  private rest = '';
  private blocks = 0;
  private isLastInvitation = false;

  /** The last thing that came says when to come back. The first thing of a stream does so too, and is no word of parting. */
  get endsWithInvitation(): boolean {
    return this.isLastInvitation && this.blocks > 1;
  }

  /** @param onEvent gets the data of each event, and its id where it has one */
  push(chunk: string, onEvent: (data: string, id: string | undefined) => void): void {
    const text = this.rest === '' ? chunk : this.rest + chunk;
    let from = 0;
    for (;;) {
      const end = text.indexOf('\n\n', from);
      if (end < 0) break;
      this.emit(text, from, end, onEvent);
      from = end + 2;
    }
    this.rest = from === 0 ? text : text.slice(from);
  }

  private emit(
    text: string,
    from: number,
    end: number,
    onEvent: (data: string, id: string | undefined) => void,
  ): void {
    let data: string | undefined;
    let id: string | undefined;
    this.blocks += 1;
    this.isLastInvitation = text.startsWith('retry:', from);
    for (let start = from; start < end;) {
      let lineEnd = text.indexOf('\n', start);
      if (lineEnd < 0 || lineEnd > end) lineEnd = end;
      if (text.startsWith('data:', start)) data = valueOf(text, start + 5, lineEnd);
      else if (text.startsWith('id:', start)) id = valueOf(text, start + 3, lineEnd);
      start = lineEnd + 1;
    }
    if (data !== undefined) onEvent(data, id);
  }
}

function valueOf(text: string, from: number, to: number): string {
  return text.slice(text[from] === ' ' ? from + 1 : from, to);
}
