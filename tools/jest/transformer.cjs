// Jest cannot require ES modules before Node 24.9, and Nest 12, the NATS client and others ship nothing else. So every ES
// module, ours or from node_modules, passes through SWC; CommonJS files from node_modules are left as they are.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { createTransformer } = require('@swc/jest');

const swcrc = JSON.parse(readFileSync(join(__dirname, '../../.swcrc'), 'utf8'));
delete swcrc.$schema;
const swc = createTransformer({ ...swcrc, swcrc: false });

module.exports = {
  ...swc,
  process(source, path, options) {
    const isPackage = path.includes('/node_modules/');
    if (isPackage && !path.endsWith('.mjs') && !/^\s*(import|export)\b/m.test(source))
      return { code: source };
    return swc.process(source, path, options);
  },
};
