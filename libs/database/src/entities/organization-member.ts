import { CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('organization_members')
export class OrganizationMember {
  @PrimaryColumn('uuid', { name: 'organization_id' })
  organizationId!: string;

  @PrimaryColumn('uuid', { name: 'user_id' })
  userId!: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
