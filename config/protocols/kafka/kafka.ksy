meta:
  id: kafka
  title: Kafka's request header and ApiVersions
  endian: be
doc: |
  The Kafka protocol guide (kafka.apache.org/protocol): requests of any kind by their header, ApiVersions (key 18) in versions 0 to
  4 to the last byte. From version 3 it is flexible (KIP-482): lengths are varints of the length and one, structures end in
  tagged fields. A reply says neither what it answers nor in which version: it is read with its request.
-gateway:
  frame: {length: {at: 0, type: u4be, counts: rest}, max: 100MiB}
  root: {request: request, reply: 'reply(request.rest.api, request.rest.version)'}
  operation: api
  id: rest.correlation_id
types:
  request:
    seq:
      - {id: len_rest, type: u4, valid: {min: 10}}
      - {id: rest, type: request_rest, size: len_rest}
    instances:
      api: {value: rest.api}
  request_rest:
    seq:
      - {id: api, type: s2, enum: api}
      - {id: version, type: s2, valid: {min: 0}, doc: 'Of the layout, the reply''s too.'}
      - {id: correlation_id, type: s4}
      - {id: len_client_id, type: s2, valid: {min: -1}, -gateway: {default: -1}}
      - {id: client_id, type: str, size: len_client_id, encoding: UTF-8, if: len_client_id >= 0}
      - id: body
        size-eos: true
        type:
          switch-on: api
          cases:
            'api::api_versions': api_versions_request(version)
            'api::sasl_authenticate': secret
            _: opaque
  reply:
    params:
      - {id: api, type: s2, enum: api, doc: Of the request.}
      - {id: version, type: s2, doc: Of the request.}
    seq:
      - {id: len_rest, type: u4, valid: {min: 4}}
      - {id: rest, type: 'reply_rest(api, version)', size: len_rest}
  reply_rest:
    params:
      - {id: api, type: s2, enum: api}
      - {id: version, type: s2}
    seq:
      - {id: correlation_id, type: s4}
      - id: body
        size-eos: true
        type:
          switch-on: api
          cases:
            'api::api_versions': api_versions_reply(version)
            'api::sasl_authenticate': secret
            _: opaque
  api_versions_request:
    params:
      - {id: version, type: s2}
    seq:
      - {id: header_tags, type: tags, if: version >= 3, doc: Those of the header.}
      - {id: len_software_name, type: varint, if: version >= 3, valid: {expr: _.value > 0}, -gateway: {codec: varint}}
      - {id: software_name, type: str, size: len_software_name.value - 1, encoding: UTF-8, if: version >= 3}
      - {id: len_software_version, type: varint, if: version >= 3, valid: {expr: _.value > 0}, -gateway: {codec: varint}}
      - {id: software_version, type: str, size: len_software_version.value - 1, encoding: UTF-8, if: version >= 3}
      - {id: tags, type: tags, if: version >= 3}
  api_versions_reply:
    doc: Its header has no tagged fields in any version, and a broker that does not know a version answers in version 0 (KIP-511).
    params:
      - {id: version, type: s2}
    seq:
      - {id: error, type: s2, enum: error, -gateway: {default: 0}}
      - id: content
        type:
          switch-on: 'version >= 3 and error != error::unsupported_version'
          cases:
            true: flexible_versions
            false: plain_versions(version)
  plain_versions:
    params:
      - {id: version, type: s2}
    seq:
      - {id: num_apis, type: u4}
      - {id: apis, type: plain_range, repeat: expr, repeat-expr: num_apis}
      - {id: throttle_time, type: s4, if: version == 1 or version == 2, doc: Milliseconds.}
  plain_range:
    seq:
      - {id: api, type: s2, enum: api}
      - {id: min, type: s2}
      - {id: max, type: s2}
  flexible_versions:
    seq:
      - {id: num_apis, type: varint, valid: {expr: _.value > 0}, -gateway: {codec: varint}, doc: One more than there are.}
      - {id: apis, type: flexible_range, repeat: expr, repeat-expr: num_apis.value - 1}
      - {id: throttle_time, type: s4, -gateway: {default: 0}, doc: Milliseconds.}
      - {id: tags, type: tags, doc: '0 supported features, 1 epoch of the finalised ones, 2 the finalised ones.'}
  flexible_range:
    seq:
      - {id: api, type: s2, enum: api}
      - {id: min, type: s2}
      - {id: max, type: s2}
      - {id: tags, type: tags}
  tags:
    doc: Fields that a reader may not know (KIP-482).
    seq:
      - {id: num_fields, type: varint, -gateway: {codec: varint}}
      - {id: fields, type: tagged, repeat: expr, repeat-expr: num_fields.value, -gateway: {default: []}}
  tagged:
    seq:
      - {id: tag, type: varint, -gateway: {codec: varint}}
      - {id: len_data, type: varint, -gateway: {codec: varint}}
      - {id: data, size: len_data.value}
  varint:
    doc: Seven bits a byte, the lowest first; the highest bit says that another byte follows. 32 bits in five bytes at most.
    seq:
      - id: groups
        type: u1
        repeat: until
        repeat-until: _ < 0x80 or _index == 4
        valid: {expr: '_ < 0x80 ? _index < 4 or _ < 0x10 : _index < 4'}
    instances:
      value:
        value: |
          (groups[0] & 0x7f) + (groups.size > 1 ? (groups[1] & 0x7f) * 0x80 : 0) +
          (groups.size > 2 ? (groups[2] & 0x7f) * 0x4000 : 0) + (groups.size > 3 ? (groups[3] & 0x7f) * 0x200000 : 0) +
          (groups.size > 4 ? (groups[4] & 0x7f) * 0x10000000 : 0)
  secret:
    seq:
      - {id: data, size-eos: true, -gateway: {secret: true}}
  opaque:
    doc: What a request or reply of another kind holds, the header's tagged fields of flexible versions in front.
    seq:
      - {id: data, size-eos: true}
enums:
  api:
    0: produce
    1: {id: fetch, -gateway: {idempotent: true}}
    2: {id: list_offsets, -gateway: {idempotent: true}}
    3: {id: metadata, -gateway: {idempotent: true}}
    4: leader_and_isr
    5: stop_replica
    6: update_metadata
    7: controlled_shutdown
    8: offset_commit
    9: {id: offset_fetch, -gateway: {idempotent: true}}
    10: {id: find_coordinator, -gateway: {idempotent: true}}
    11: join_group
    12: heartbeat
    13: leave_group
    14: sync_group
    15: {id: describe_groups, -gateway: {idempotent: true}}
    16: {id: list_groups, -gateway: {idempotent: true}}
    17: sasl_handshake
    18: {id: api_versions, -gateway: {idempotent: true}}
    19: create_topics
    20: delete_topics
    21: delete_records
    22: init_producer_id
    23: {id: offset_for_leader_epoch, -gateway: {idempotent: true}}
    24: add_partitions_to_txn
    25: add_offsets_to_txn
    26: end_txn
    27: write_txn_markers
    28: txn_offset_commit
    29: {id: describe_acls, -gateway: {idempotent: true}}
    30: create_acls
    31: delete_acls
    32: {id: describe_configs, -gateway: {idempotent: true}}
    33: alter_configs
    34: alter_replica_log_dirs
    35: {id: describe_log_dirs, -gateway: {idempotent: true}}
    36: sasl_authenticate
    37: create_partitions
    38: create_delegation_token
    39: renew_delegation_token
    40: expire_delegation_token
    41: describe_delegation_token
    42: delete_groups
    43: elect_leaders
    44: incremental_alter_configs
    45: alter_partition_reassignments
    46: {id: list_partition_reassignments, -gateway: {idempotent: true}}
    47: offset_delete
    48: {id: describe_client_quotas, -gateway: {idempotent: true}}
    49: alter_client_quotas
    50: describe_user_scram_credentials
    51: alter_user_scram_credentials
  error:
    -1: unknown_server_error
    0: none
    1: offset_out_of_range
    2: corrupt_message
    3: unknown_topic_or_partition
    7: request_timed_out
    29: topic_authorization_failed
    31: cluster_authorization_failed
    33: unsupported_sasl_mechanism
    34: illegal_sasl_state
    35: unsupported_version
    42: invalid_request
    58: sasl_authentication_failed
