import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TURN_STAGES } from './turn-stages';

const DOCS = join(__dirname, '../../../../docs/observability.md');

describe('The stages of a turn', () => {
  it('are those that docs/observability.md explains, in their order', () => {
    const [, after = ''] = readFileSync(DOCS, 'utf8').split(/^\| stage .*$/m);
    const [table = ''] = after.split('\n\n');
    const listed = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, stage]) => stage);
    expect(listed).toEqual([...TURN_STAGES]);
  });
});
