/** From the parts that a client sends to those that are stored, and what a body may not name yet. */
import type { InputPart, MessagePart } from '@parley/contracts';
import { invalidField } from '../http/api-error';

/** @throws ApiError naming the part whose file the asker may not use */
export function toContent(parts: readonly InputPart[]): MessagePart[] {
  return parts.map((part, index): MessagePart => {
    switch (part.type) {
      case 'text':
      case 'file-reference':
        return part;
      case 'file':
        throw invalidField(`content[${index}].file_id`, 'is no file that you may use');
    }
  });
}

/** Workspaces and MCP servers that a body names must exist, and this deployment has none. @throws ApiError naming the field */
export function assertNoForeignParts(body: {
  workspace_id?: string | null | undefined;
  mcp_server_ids?: readonly string[] | null | undefined;
}): void {
  if (body.workspace_id !== undefined && body.workspace_id !== null) {
    throw invalidField('workspace_id', 'is no workspace that you may use');
  }
  if (body.mcp_server_ids !== undefined && body.mcp_server_ids !== null && body.mcp_server_ids.length > 0) {
    throw invalidField('mcp_server_ids[0]', 'is no MCP server that is enabled here');
  }
}
