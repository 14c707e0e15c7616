/** Replies that have no name in the contracts, as clients see them. */
import type { ChatMessage } from '@parley/contracts';

export interface User {
  id: string;
  username: string;
  name: string;
  email: string;
  status: string;
  is_admin: boolean;
  organization_ids: string[];
  created_at: string;
  updated_at: string;
}

export interface Organization {
  id: string;
  name: string;
  display_name: string;
  is_default: boolean;
  created_at: string;
  updated_at: string;
}

export interface EditMessageResponse {
  message: ChatMessage;
  messages: ChatMessage[];
  deleted_message_ids: number[];
}
