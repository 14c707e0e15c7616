/** The tools by which a root chat has others work for it. */
import type { LocalTool } from '../local-tool';
import { messageAgent } from './message-agent';
import { interruptAgent, listAgents, listSubagentModels } from './other-agent-tools';
import { spawnAgent } from './spawn-agent';
import { SubagentModels } from './subagent-models';
import type { SubagentParts } from './subagent-parts';
import { waitAgent } from './wait-agent';

export function subagentTools(parts: SubagentParts): LocalTool[] {
  const models = new SubagentModels(parts);
  return [
    spawnAgent(parts, models),
    waitAgent(parts),
    messageAgent(parts),
    interruptAgent(parts),
    listAgents(parts),
    listSubagentModels(parts, models),
  ];
}
