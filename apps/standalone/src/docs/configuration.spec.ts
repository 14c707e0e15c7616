import { join } from 'node:path';
import { staleDocuments } from './configuration';

describe('The documents made from the configuration schemas', () => {
  it('are those of this build; "npm run docs" writes them', () => {
    expect(staleDocuments(join(__dirname, '../../../..'))).toEqual([]);
  });
});
