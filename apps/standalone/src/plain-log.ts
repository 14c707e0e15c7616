/** Log lines for a person at a terminal: level, message and what went wrong, on stderr; stdout may be read by a script. */

interface LogLine {
  level: string;
  msg?: string;
  err?: { message?: string; stack?: string };
}

export const plainLog = {
  write(json: string): void {
    const { level, msg = '', err } = JSON.parse(json) as LogLine;
    const reason = level === 'fatal' || level === 'error' ? (err?.stack ?? err?.message) : err?.message;
    process.stderr.write(`${level}: ${[msg, reason].filter(Boolean).join(': ')}\n`);
  },
};
