module github.com/runnel-chat/runnel/accel/cpu/vec/gen

go 1.26.0
