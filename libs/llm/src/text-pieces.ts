/**
 * Text that arrives in pieces. A provider may cut between the halves of a surrogate pair; a half alone is no text, so it waits for
 * the next piece. What is handed out and what `text()` gives are always the same, and well-formed.
 */
export class TextPieces {
  private readonly pieces: string[] = [];
  private half = '';

  /** The part of the text that can be shown now; may be empty. */
  add(piece: string): string {
    const text = this.half + piece;
    const endsInHalf = isHighSurrogate(text.charCodeAt(text.length - 1));
    this.half = endsInHalf ? text.slice(-1) : '';
    return this.keep(endsInHalf ? text.slice(0, -1) : text);
  }

  /** No piece will follow: what still waits is shown as U+FFFD. */
  end(): string {
    const rest = this.half;
    this.half = '';
    return this.keep(rest);
  }

  text(): string {
    return this.pieces.join('');
  }

  private keep(text: string): string {
    if (text === '') return '';
    const shown = text.toWellFormed();
    this.pieces.push(shown);
    return shown;
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
