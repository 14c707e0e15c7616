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

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}
