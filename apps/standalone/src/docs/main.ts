/** The command behind `npm run docs`: writes the documents that are made from the code. */
import { join } from 'node:path';
import { writeDocuments } from './configuration';

writeDocuments(join(__dirname, '../../../..'));
