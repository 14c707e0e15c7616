import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';

@Entity('chat_model_configs')
export class ChatModelConfig {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'organization_id' })
  organizationId!: string;

  @Column('uuid', { name: 'ai_provider_id' })
  aiProviderId!: string;

  @Column('text')
  model!: string;

  @Column('text', { name: 'display_name' })
  displayName!: string;

  /** Tokens. */
  @Column('integer', { name: 'context_limit' })
  contextLimit!: number;

  /** Percent of the context limit at which a chat is compacted; 100 switches that off. */
  @Column('integer', { name: 'compression_threshold' })
  compressionThreshold!: number;

  /** `modelCallConfig` of libs/contracts. */
  @Column('jsonb')
  options!: Record<string, unknown>;

  @Column('boolean')
  enabled!: boolean;

  @Column('boolean', { name: 'is_default' })
  isDefault!: boolean;

  /** Deleted models stay, because messages point at them. */
  @Column('boolean')
  deleted!: boolean;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}
