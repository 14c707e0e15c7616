import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';

@Entity('chat_providers')
export class ChatProvider {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('text')
  type!: 'openai' | 'openai-compat' | 'anthropic' | 'azure' | 'openrouter';

  @Column('text')
  name!: string;

  @Column('text', { name: 'base_url', nullable: true })
  baseUrl!: string | null;

  /** AES-256-GCM; see `SecretBox` in libs/identity. */
  @Column('bytea', { name: 'api_key_encrypted', nullable: true })
  apiKeyEncrypted!: Buffer | null;

  /** Which configured key encrypted it; cleared with it. */
  @Column('text', { name: 'api_key_key_id', nullable: true })
  apiKeyKeyId!: string | null;

  @Column('boolean')
  enabled!: boolean;

  /** The deployment's key may be used. */
  @Column('boolean', { name: 'central_api_key_enabled' })
  centralApiKeyEnabled!: boolean;

  /** Users may have keys of their own. */
  @Column('boolean', { name: 'allow_user_api_key' })
  allowUserApiKey!: boolean;

  /** Who has no key of their own uses the deployment's. */
  @Column('boolean', { name: 'allow_central_api_key_fallback' })
  allowCentralApiKeyFallback!: boolean;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}
