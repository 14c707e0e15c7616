import { openPlainly, sendAndWait, type Scenario } from './scenario';

export const plain: Scenario = { open: openPlainly, act: sendAndWait };
