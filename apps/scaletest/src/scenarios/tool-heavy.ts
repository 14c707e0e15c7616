/** Each answer comes after three steps of tool calls that the client runs, the second of them two at once. */
import type { Scenario } from './scenario';

const TOOL_STEPS = [1, 2, 1];

export const toolHeavy: Scenario = {
  async open(chat, intendedAtMs) {
    await chat.finish(await chat.create({ intendedAtMs, toolSteps: TOOL_STEPS }));
  },
  async act(chat, intendedAtMs) {
    await chat.turn({ intendedAtMs, toolSteps: TOOL_STEPS });
  },
};
