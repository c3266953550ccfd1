meta:
  id: modbus
  title: Modbus/TCP
  endian: be
  bit-endian: le
doc: |
  MODBUS Messaging on TCP/IP Implementation Guide V1.0b (the MBAP header, 3.1.3) and MODBUS Application Protocol
  V1.1b3 (the functions, 6, and exceptions, 7). A reply does not say how many coils or registers it is about: it is
  read with what its request said.
-gateway:
  frame: {length: {at: 4, type: u2be, counts: rest}, max: 260}
  root: {request: request, reply: 'reply(request.rest.function, request.rest.unit, request.quantity)'}
  operation: operation
  kind: 'is_reply or operation == function::exception ? "reply" : "request"'
  id: transaction
  error: operation == function::exception
  reject:
    operation: exception
    set: {code: '_fault.class == "timeout" ? exception_code::gateway_target_failed : exception_code::gateway_path_unavailable'}
types:
  request:
    seq:
      - {id: transaction, type: u2}
      - {id: protocol, type: u2, valid: 0}
      - {id: len_rest, type: u2, valid: {min: 2, max: 254}}
      - {id: rest, type: rest, size: len_rest}
    instances:
      operation: {value: rest.function}
      is_reply: {value: false, -gateway: {json: hidden}}
      quantity:
        doc: How many coils or registers the reply will have; 0 where that is not a matter.
        value: |
          rest.function == function::read_coils ? rest.body.as<read_coils>.quantity :
          rest.function == function::read_discrete_inputs ? rest.body.as<read_discrete_inputs>.quantity :
          rest.function == function::read_holding_registers ? rest.body.as<read_holding_registers>.quantity :
          rest.function == function::read_input_registers ? rest.body.as<read_input_registers>.quantity :
          rest.function == function::read_write_registers ? rest.body.as<read_write_registers>.quantity : 0
    types:
      rest:
        seq:
          - {id: unit, type: u1, doc: 'The station behind a serial gateway; 0 or 255 where there is none.', -gateway: {default: 255}}
          - {id: function, type: u1, enum: function, valid: {expr: _.to_i < 0x80}}
          - id: body
            type:
              switch-on: function
              cases:
                'function::read_coils': read_coils
                'function::read_discrete_inputs': read_discrete_inputs
                'function::read_holding_registers': read_holding_registers
                'function::read_input_registers': read_input_registers
                'function::write_single_coil': write_single_coil
                'function::write_single_register': write_single_register
                'function::write_coils': write_coils
                'function::write_registers': write_registers
                'function::mask_write_register': mask_write_register
                'function::read_write_registers': read_write_registers
                'function::read_device_identification': read_device_identification
      read_coils:
        seq:
          - {id: address, type: u2}
          - {id: quantity, type: u2, valid: {min: 1, max: 2000}}
      read_discrete_inputs:
        seq:
          - {id: address, type: u2}
          - {id: quantity, type: u2, valid: {min: 1, max: 2000}}
      read_holding_registers:
        seq:
          - {id: address, type: u2}
          - {id: quantity, type: u2, valid: {min: 1, max: 125}}
      read_input_registers:
        seq:
          - {id: address, type: u2}
          - {id: quantity, type: u2, valid: {min: 1, max: 125}}
      write_coils:
        seq:
          - {id: address, type: u2}
          - {id: num_values, type: u2, valid: {min: 1, max: 1968}}
          - {id: len_values, type: u1, valid: (num_values + 7) / 8}
          - {id: values, type: b1, repeat: expr, repeat-expr: num_values, doc: The first is the lowest bit of the first byte.}
          - {id: padding, type: b1, repeat: expr, repeat-expr: -num_values % 8, valid: false}
      write_registers:
        seq:
          - {id: address, type: u2}
          - {id: num_values, type: u2, valid: {min: 1, max: 123}}
          - {id: len_values, type: u1, valid: num_values * 2}
          - {id: values, type: u2, repeat: expr, repeat-expr: num_values}
      read_write_registers:
        doc: The write comes first.
        seq:
          - {id: address, type: u2}
          - {id: quantity, type: u2, valid: {min: 1, max: 125}}
          - {id: write_address, type: u2}
          - {id: num_values, type: u2, valid: {min: 1, max: 121}}
          - {id: len_values, type: u1, valid: num_values * 2}
          - {id: values, type: u2, repeat: expr, repeat-expr: num_values}
      read_device_identification:
        seq:
          - {id: mei_type, type: u1, valid: 14}
          - {id: code, type: u1, enum: device_id_code, valid: {in-enum: true}}
          - {id: object, type: u1, enum: device_object}
  reply:
    params:
      - {id: asked, type: u1, enum: function, doc: The function of the request.}
      - {id: asked_unit, type: u1, doc: The unit of the request.}
      - {id: quantity, type: u2, doc: How many coils or registers it asked for.}
    seq:
      - {id: transaction, type: u2}
      - {id: protocol, type: u2, valid: 0}
      - {id: len_rest, type: u2, valid: {min: 2, max: 254}}
      - {id: rest, type: 'rest(asked, asked_unit, quantity)', size: len_rest}
    instances:
      operation: {value: 'rest.failed ? function::exception : rest.function'}
      is_reply: {value: true, -gateway: {json: hidden}}
    types:
      rest:
        meta: {bit-endian: be}
        params:
          - {id: asked, type: u1, enum: function}
          - {id: asked_unit, type: u1}
          - {id: quantity, type: u2}
        seq:
          - {id: unit, type: u1, valid: asked_unit}
          - {id: failed, type: b1}
          - {id: function, type: b7, enum: function, valid: asked}
          - id: body
            type:
              switch-on: failed
              cases:
                true: exception
                false: answer(quantity)
      exception:
        seq:
          - {id: code, type: u1, enum: exception_code}
      answer:
        params: [{id: quantity, type: u2}]
        seq:
          - id: data
            type:
              switch-on: _parent.function
              cases:
                'function::read_coils': read_coils(quantity)
                'function::read_discrete_inputs': read_discrete_inputs(quantity)
                'function::read_holding_registers': read_holding_registers(quantity)
                'function::read_input_registers': read_input_registers(quantity)
                'function::write_single_coil': write_single_coil
                'function::write_single_register': write_single_register
                'function::write_coils': write_coils
                'function::write_registers': write_registers
                'function::mask_write_register': mask_write_register
                'function::read_write_registers': read_write_registers(quantity)
                'function::read_device_identification': read_device_identification
      read_coils:
        params: [{id: quantity, type: u2}]
        seq:
          - {id: len_values, type: u1, valid: (quantity + 7) / 8}
          - {id: values, type: b1, repeat: expr, repeat-expr: quantity}
          - {id: padding, type: b1, repeat: expr, repeat-expr: -quantity % 8, valid: false}
      read_discrete_inputs:
        params: [{id: quantity, type: u2}]
        seq:
          - {id: len_values, type: u1, valid: (quantity + 7) / 8}
          - {id: values, type: b1, repeat: expr, repeat-expr: quantity}
          - {id: padding, type: b1, repeat: expr, repeat-expr: -quantity % 8, valid: false}
      read_holding_registers:
        params: [{id: quantity, type: u2}]
        seq:
          - {id: len_values, type: u1, valid: quantity * 2}
          - {id: values, type: u2, repeat: expr, repeat-expr: quantity}
      read_input_registers:
        params: [{id: quantity, type: u2}]
        seq:
          - {id: len_values, type: u1, valid: quantity * 2}
          - {id: values, type: u2, repeat: expr, repeat-expr: quantity}
      write_coils:
        seq:
          - {id: address, type: u2}
          - {id: quantity, type: u2}
      write_registers:
        seq:
          - {id: address, type: u2}
          - {id: quantity, type: u2}
      read_write_registers:
        params: [{id: quantity, type: u2}]
        seq:
          - {id: len_values, type: u1, valid: quantity * 2}
          - {id: values, type: u2, repeat: expr, repeat-expr: quantity}
      read_device_identification:
        seq:
          - {id: mei_type, type: u1, valid: 14}
          - {id: code, type: u1, enum: device_id_code}
          - {id: conformity, type: u1}
          - {id: more_follows, type: u1, valid: {any-of: [0, 0xff]}, -gateway: {default: 0}}
          - {id: next_object, type: u1, enum: device_object, -gateway: {default: 0}}
          - {id: num_objects, type: u1}
          - {id: objects, type: identification, repeat: expr, repeat-expr: num_objects}
      identification:
        seq:
          - {id: id, type: u1, enum: device_object}
          - {id: len_value, type: u1}
          - {id: value, type: str, size: len_value, encoding: ASCII}
  write_single_coil:
    doc: The reply repeats it.
    seq:
      - {id: address, type: u2}
      - {id: value, type: u2, enum: coil, valid: {in-enum: true}}
  write_single_register:
    doc: The reply repeats it.
    seq:
      - {id: address, type: u2}
      - {id: value, type: u2}
  mask_write_register:
    doc: The register becomes (register and and_mask) or (or_mask and not and_mask); the reply repeats the request.
    seq:
      - {id: address, type: u2}
      - {id: and_mask, type: u2}
      - {id: or_mask, type: u2}
enums:
  function:
    0x01: {id: read_coils, -gateway: {idempotent: true}}
    0x02: {id: read_discrete_inputs, -gateway: {idempotent: true}}
    0x03: {id: read_holding_registers, -gateway: {idempotent: true}}
    0x04: {id: read_input_registers, -gateway: {idempotent: true}}
    0x05: write_single_coil
    0x06: write_single_register
    0x0f: write_coils
    0x10: write_registers
    0x16: mask_write_register
    0x17: read_write_registers
    0x2b: {id: read_device_identification, -gateway: {idempotent: true}, doc: MEI type 14 only.}
    0x80: {id: exception, doc: Never on the wire by itself. The bit is set in the reply to a function that failed.}
  exception_code:
    0x01: illegal_function
    0x02: illegal_data_address
    0x03: illegal_data_value
    0x04: server_device_failure
    0x05: acknowledge
    0x06: server_device_busy
    0x08: memory_parity_error
    0x0a: gateway_path_unavailable
    0x0b: gateway_target_failed
  coil: {0x0000: coil_off, 0xff00: coil_on}
  device_id_code: {1: basic, 2: regular, 3: extended, 4: one_object}
  device_object:
    0: vendor_name
    1: product_code
    2: major_minor_revision
    3: vendor_url
    4: product_name
    5: model_name
    6: user_application_name
